/* Foreverframe's client: made of client/*.js, documented in docs/client.md. */
!function(_){var G,i,s,c,V,a,l,u,f,d,m,p,v,h,g,z,K,y;function w(e,n,t){e.addEventListener?e.addEventListener(n,t,!1
):e.attachEvent&&e.attachEvent("on"+n,t)}function T(e,n){for(var t=0;t<e.length;t++)n(e[t])}function b(e,n){for(
var t=0;e[t];)t++;return e[t]=n,t}function M(e){try{return _.JSON?_.JSON.parse(e):new Function("return "+e)()}catch(n){
return null}}function S(){return"hidden"!==G.visibilityState}function Q(e){return e.protocol+"//"+e.host.replace(
/:(80|443)$/,"")}function Y(){return _.XMLHttpRequest?new _.XMLHttpRequest:new _.ActiveXObject("Microsoft.XMLHTTP")}
function O(e,n,t,r){var o,c=Y();return c.open(e,n,!0),o=b(s,c),c.onreadystatechange=function(){4===c.readyState&&(s[o
]=null),r&&2<c.readyState&&r(c)},c.send(t),c}function Z(e,n){try{O("POST",e,n)}catch(o){n=e,t=G.createElement("div"),
r="foreverframe"+String(Math.random()).substring(2),t.style.display="none",
t.innerHTML='<iframe name="'+r+'"></iframe><form method="post" target="'+r+'"></form>',G.body.appendChild(t),
t.lastChild.action=n,t.lastChild.submit(),setTimeout(function(){G.body.removeChild(t)},c)}var t,r}function t(e){
return e.replace(/[^.]*$/,"")}function ee(e,n){return null!==e&&null!==n&&t(e)===t(n)&&e<=n}function L(e){
return e&&/^FF_/.test(e.code)?{type:"error",code:e.code,status:e.status,detail:e.detail,
reconnect:408===e.status||429===e.status||500<=e.status}:null}function E(){for(var e=l.pop();e;
)e.parentNode&&e.parentNode.removeChild(e),e=l.pop()}function I(){try{return _.localStorage||null}catch(e){return null}}
function ne(e,n){var t=I(),r=d[e];try{r=r||t&&t.getItem(f+e)}catch(o){}return 0<(t=r?r-(new Date).getTime():0)&&t<=n?t:0
}function te(e,n){var t=I();d[e]=n&&(new Date).getTime()+n;try{n?t.setItem(f+e,String(d[e])):t.removeItem(f+e)}catch(r
){}}function oe(e,o){var n,c=String(Math.random()),t=!1,r=0,s=0,i=f()-h,a=!0,l=function(t,n){var r,o;function e(e){
e.key===t&&e.newValue&&n(M(e.newValue))}try{if(_.BroadcastChannel)return(r=new _.BroadcastChannel(t)
).onmessage=function(e){n(e.data)},{say:function(e){r.postMessage(e)},close:function(){r.close()}};if((o=_.localStorage
).setItem(t,""),_.addEventListener)return _.addEventListener("storage",e,!1),{say:function(e){try{o.setItem(t,
_.JSON.stringify(e))}catch(n){}},close:function(){_.removeEventListener("storage",e,!1),o.removeItem(t)}}}catch(c){}
return null}(e,function(e){l&&e&&e.from!==c&&("hello"===e.kind?t&&u("beat"):"bye"===e.kind?d():t&&!function(e){
return e.visible===S()?e.from<c:e.visible}(e)?u("beat"):(t&&(t=!1,o.release()),i=f(),a=!1,S()&&!e.visible&&d(),o.follow(
e)))});function u(e,n,t){var r={n:++s,from:c,kind:e,visible:S(),event:n,before:t};o.describe(r),l.say(r)}function f(){
return(new Date).getTime()}function d(){i=f()-h,a=!0}return l?(n=setInterval(function(){var e=f()-i;r++,t?r%p!=0&&S(
)||u("beat"):e<0?i=f():a&&e>(S()?h:g)?(t=!0,u("beat"),o.hold()):v<e&&(a=!0,u("hello"))},m),u("hello"),{tell:function(e,n
){t&&u("event",e,n)},leave:function(){clearInterval(n),t&&u("bye"),l.close(),l=null}}):null}function re(e,n){
return 0<e?Number(e):n}_.foreverframe&&_.foreverframe.open||(G=_.document,i=_.location,s=[],c=1e4,a=[],l=[],(V={}
).frame=function(e){var n,t=e.origin!==Q(i),r=t?G:function(){try{return u||((u=new _.ActiveXObject("htmlfile")).open(),
u.write("<html><body></body></html>"),u.close(),u.parentWindow.foreverframe=y),u.body?u:G}catch(e){return G}}(),
o=r.createElement("iframe"),c=b(a,e),s="push"+(c||"");y[s]=function(e){clearInterval(n),a[c]&&a[c].receive(e)},
e.stop=function(){clearInterval(n),a[c]=null,l[l.length]=o,setTimeout(E,0)},t?e.isSource=function(e){
return e==o.contentWindow}:r===G&&_.addEventListener?(e.sign=function(){var e=o;try{
return e.contentWindow.document.documentElement.innerHTML.length}catch(n){return-1}},n=setInterval(function(){!function(
e){try{return!e.contentWindow.document}catch(n){return 1}}(o)||e.end()},250)):e.isUnwatched=!0,w(o,"load",function(){
e.end(function(e){var n;try{return n=e.contentWindow.document.getElementsByTagName("script"),M(
/\{"type":"error".*\}/.exec(n[n.length-1].text)[0])}catch(t){return null}}(o))}),o.style.display="none",o.src=e.url(
t?"&origin="+encodeURIComponent(Q(i)):"&callback=parent.foreverframe."+s),r.body.appendChild(o)},w(_,"message",function(
n){T(a,function(e){e&&e.isSource&&e.isSource(n.source)&&n.origin===e.origin&&e.receive(M(n.data))})}),V.poll=function(c
){var n,s,i=null;function a(r){var o=(new Date).getTime(),e="&wait="+r+(i?"&stream="+encodeURIComponent(i):"");c.limit(
1e3*r),n=O("GET",c.url(e+"&at="+o),null,function(e){var n,t;4===e.readyState&&(e=M(e.responseText),n=r&&(new Date
).getTime()-o<1e3,(t=e&&e.messages)&&e.gaps?(e.stream!==i&&(i=e.stream,c.receive({type:"open",stream:i,
cursor:t.length?null:e.cursor,close:"streams/"+i+"/close"})),T(e.gaps,c.receive),T(t,c.receive),c.receive({
type:"cursor",cursor:e.cursor}),e.reason?c.receive({type:"close",reason:e.reason,reconnect:!e.stop,retryMs:0,
cursor:e.cursor}):c.isOnce&&!t.length?c.end():c.isLive()&&n&&!t.length?(c.limit(5e3),s=setTimeout(function(){a(25)},5e3)
):c.isLive()&&a(c.isOnce?0:25)):c.end(L(e)))})}c.isUnwatched=!0,c.stop=function(){clearTimeout(s),n&&n.abort()},a(0)},
V.ndjson=function(r){var o=0,e=O("GET",r.url(""),null,function(e){var n=e.responseText,t=n.substring(o).split("\n");
o=n.length-t.pop().length,r.signs=n.length,T(t,function(e){r.receive(M(e))}),4===e.readyState?r.end(L(M(n))
):1e6<o&&r.receive({type:"close",reason:"recycle",reconnect:!0})});r.stop=function(){e.abort()}},V.sse=function(n){
var t=new _.EventSource(n.url(""));T(["message","ff-open","ff-cursor","ff-gap","ff-close"],function(e){
t.addEventListener(e,function(e){n.receive(M(e.data))})}),t.onerror=function(){n.end()},n.isUnwatched=!0,
n.stop=function(){t.close()}},f="foreverframe.path ",d={},m=250,v=1200,g=2400,h=2e3,p=4,z=!(V.ws=function(n){
var e=new _.WebSocket(n.url("").replace(/^http/,"ws"));e.onmessage=function(e){n.receive(M(e.data))},e.onclose=function(
){n.end()},n.stop=function(){e.close()}}),K=[],y={open:function(o){n=(o.url||"")+"stream",t=G.createElement("div"),(
e=G.createElement("a")).href=n,_.addEventListener||(t.innerHTML='<a href="'+n.replace(/&/g,"&amp;").replace(/"/g,
"&quot;")+'"></a>',e=t.firstChild);var e,s,n,t=e,i=t.href,a=Q(t),l=!o.transport||"auto"===o.transport,r=re(o.retryMs,5e3
),u=re(o.silentMs,4e4)/4,f=re(o.frameAgainMs,6e5),d=null,m=null,p=0,v=0,h=null,g=f/16,c=null,y=0,w=!1,T={},b={
state:"connecting",cursor:null,stream:null,transport:null,close:function(){L()||"closing"===b.state||(!d||d.isOnce?(
h&&Z(h,""),I("client")):(x(),U(m),Z(h,""),O(2e3,function(){I("client")}),S("closing",{})))},ack:function(){
d&&h&&null!==b.cursor&&Z(h.replace(/close$/,"ack"),'{"cursor":"'+b.cursor+'"}')}},W={begin:j,hide:function(){h&&(
!function(e){var n;try{_.navigator.sendBeacon&&_.navigator.sendBeacon(e,"")||((n=Y()).open("POST",e,!1),n.send(""))
}catch(t){}}(h),h=null);w=!0,$()},show:function(){w&&(w=!1,"closing"===b.state?I("client"):j())}};function M(e,n,t){if(
o[e])try{o[e](n,t)}catch(r){setTimeout(function(){throw r},0)}}function S(e,n){M("onstate",b.state=e,T=n)}function O(e,n
){clearTimeout(s),s=setTimeout(n,e)}function L(){return"closed"===b.state||"refused"===b.state}function E(e,n,t){$(),
function(e){var n;for(n=0;n<K.length;n++)if(K[n]===e)return K.splice(n,1)}(W),S(e,n),M(t,n)}function I(e){E("closed",{
type:"close",reason:e,reconnect:!1,retryMs:0,cursor:b.cursor},"onclose")}function $(){clearTimeout(s),U(m),U(d),x()}
function x(){c&&(c.leave(),c=null)}function U(e){e&&(clearTimeout(e.timer),e===m&&(m=null),e===d&&(d=null,b.stream=null)
,e.stop&&(e.stop(),e.stop=null),e.isOnce)&&e.closeUrl&&Z(e.closeUrl,"")}function k(e){e&&e===d&&h&&(Z(h,""),h=null),U(e)
}function C(t,e,n){var c={transport:t,origin:a,isOnce:n,signs:0,looks:0,silentLooks:0,url:function(e){return i+(
n="?transport="+t+"&channels="+encodeURIComponent(String(o.channels)),null!==b.cursor?n+="&after="+encodeURIComponent(
b.cursor):o.after?n+="&after="+encodeURIComponent(o.after):o.last&&(n+="&last="+encodeURIComponent(o.last)),o.client&&(
n+="&client="+encodeURIComponent(o.client)),n)+e;var n},isLive:function(){return c===d||c===m},receive:function(e){var n
,t,r;c.signs++,e&&c.isLive()&&(r=c,"open"===(e=e).type?(t=e,(n=r).closeUrl=i.replace(/stream$/,"")+t.close,
"closing"===b.state?Z(h=n.closeUrl,""):(n!==d&&(d&&!d.isOnce&&(v=1),k(d),m=null),p=0,h=(d=n).isOnce?null:n.closeUrl,
b.stream=n.isOnce?null:t.stream,b.transport=n.isOnce?"shared":n.transport,D(t.cursor),clearTimeout(n.timer),
clearTimeout(s),n.isUnwatched||function o(e){var n=e.signs+":"+(e.sign?e.sign():"");e.looks++;
e.silentLooks=n===e.lastSign?e.silentLooks+1:0;e.lastSign=n;16<e.looks&&(v=0,g=f/16);e.silentLooks<4?e.timer=setTimeout(
function(){o(e)},u):(v++,P(e,null,"silent"))}(n),l&&"poll"===n.transport&&!n.isOnce&&(ne(a,f)||te(a,g),F()),
"frame"===n.transport&&te(a,0),n.isOnce?S("open",{transport:"shared"}):(S("open",t),M("onopen",t)))):"error"===e.type?P(
r,e):r===d&&X(e))},end:function(e){c.isLive()&&P(c,e,c===d?"cut":"failed")},limit:function(e){clearTimeout(c.timer),
c.timer=setTimeout(function(){P(c,null,"silent")},e+u)}};U(m),(m=c).limit(0);try{V[t](c)}catch(r){setTimeout(function(){
c.end(l?null:{type:"error",code:"FF_TRANSPORT_UNSUPPORTED",status:0,
detail:'This browser cannot use "'+t+'" ('+r.message+'): take "auto" instead',reconnect:!1})},0)}d||S("connecting",{
transport:t,reason:e||null})}function R(){l?ne(a,f)?C("poll","remembered"):C("frame"):C(o.transport)}function N(e,n){
var t=e;0<e||(t=Math.min(r*Math.pow(2,p),Math.max(r,3e4)),t=Math.round(t*(.75+Math.random()/2))),p++,O(t,R),S("lost",{
retryMs:t,reason:n})}function P(e,n,t){var r=e===d,o=l&&"frame"===e.transport;("silent"===t?k:U)(e),
e.isOnce&&n&&!n.reconnect?B(n):e.isOnce?y=r?0:5:"closing"===b.state?I("client"):d?(te(a,g),F()):n?B(n):o&&(!r||1<v)?(v=0
,C("poll",t)):(r||te(a,0),N(0,t))}function B(e){e.reconnect?(N(0,e.code),M("onerror",e)):E("refused",e,"onerror")}
function F(){O(ne(a,f),function(){g=Math.min(2*g,f),C("frame","again")})}function D(e){return null!==e&&!ee(e,b.cursor
)&&(b.cursor=e,1)}function H(e,n){c&&c.tell(e,n)}function X(e){var n=b.cursor;"message"===e.type?D(e.id)&&(H(e,n),M(
"onmessage",e)):"cursor"===e.type?D(e.cursor)&&H(e,n):"gap"===e.type?(H(e,n),M("ongap",e)):"close"===e.type&&(e=e,n=d,
h=null,"closing"===b.state?I(e.reconnect?"client":e.reason):e.reconnect?n.isOnce?(U(n),y=5):"recycle"===e.reason?(d=null
,b.stream=null,C(n.transport,"recycle"),U(n)):(U(n),N(e.retryMs,e.reason)):(H(e,b.cursor),E("closed",e,"onclose")))}
function j(){L()||c||m||d||(c=o.share?oe(["foreverframe",i,o.channels,o.client].join("\n"),{describe:function(e){
e.state=b.state,e.reason=T.reason,e.retryMs=T.retryMs,e.cursor=b.cursor},hold:A,release:q,follow:J}):c)||R()}function A(
){U(m),U(d),R()}function q(){clearTimeout(s),U(m),k(d),b.transport="shared"}function J(e){var n=e.event;
n&&"close"===n.type?E("closed",n,"onclose"):(n&&ee(e.before,b.cursor)&&X(n),"beat"===e.kind&&0<y&&y--,L()||m||d||0<y||(
"open"!==e.state||ee(e.cursor,b.cursor)?e.state!==b.state&&/^(connecting|open|lost)$/.test(e.state)&&S(e.state,{
transport:"shared",reason:e.reason,retryMs:e.retryMs}):C("poll","shared",!0)))}if(!l&&!V.hasOwnProperty(o.transport)
)throw new Error('foreverframe: there is no transport "'+o.transport+'"');if(/^https?:$/.test(t.protocol))return n=W,K[
K.length]=n,z&&setTimeout(n.begin,0),b;throw new Error('foreverframe: "'+o.url+'" is no address of a server')}},
"complete"===G.readyState?z=!0:w(_,"load",function(){setTimeout(function(){z=!0,T(K.slice(0),function(e){e.begin()})},50
)}),w(_,"onpagehide"in _?"pagehide":"unload",function(){T(K.slice(0),function(e){e.hide()}),E()}),w(_,"pageshow",
function(e){e.persisted&&z&&T(K.slice(0),function(e){e.show()})}),_.foreverframe=y)}(window);
